DROP TABLE extensions;
DROP TABLE endpoints;
DROP TABLE users;
