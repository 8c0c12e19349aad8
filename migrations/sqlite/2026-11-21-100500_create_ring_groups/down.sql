DROP TABLE ring_group_members;
DROP TABLE ring_groups;
