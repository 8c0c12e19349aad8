//! A table whose ids are positions: finding an entry costs no hashing. An id is never given out twice.

/// Entries by id.
#[derive(Debug)]
pub(super) struct Slab<T> {
    cells: Vec<Cell<T>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Cell<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Slab {
            cells: Vec::new(),
            free: Vec::new(),
        }
    }
}

fn parts(id: u64) -> (usize, u32) {
    ((id & 0xffff_ffff) as usize, (id >> 32) as u32)
}

impl<T> Slab<T> {
    /// Adds an entry.
    pub(super) fn insert(&mut self, value: T) -> u64 {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.cells.push(Cell {
                    generation: 0,
                    value: None,
                });
                (self.cells.len() - 1) as u32
            }
        };
        match self.cells.get_mut(index as usize) {
            Some(cell) => {
                cell.value = Some(value);
                u64::from(cell.generation) << 32 | u64::from(index)
            }
            None => u64::MAX,
        }
    }

    /// The entry with this id.
    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut T> {
        let (index, generation) = parts(id);
        let cell = self.cells.get_mut(index)?;
        if cell.generation != generation {
            return None;
        }
        cell.value.as_mut()
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, id: u64) -> Option<T> {
        let (index, generation) = parts(id);
        let cell = self.cells.get_mut(index)?;
        if cell.generation != generation {
            return None;
        }
        let value = cell.value.take()?;
        cell.generation = cell.generation.wrapping_add(1);
        self.free.push(index as u32);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_id_finds_nothing() {
        let mut slab = Slab::default();
        let a = slab.insert("a");
        let b = slab.insert("b");
        assert_eq!(slab.remove(a), Some("a"));
        assert_eq!(slab.remove(a), None);
        let c = slab.insert("c");
        assert_ne!(a, c);
        assert_eq!(slab.get_mut(a), None);
        assert_eq!(slab.get_mut(c), Some(&mut "c"));
        assert_eq!(slab.get_mut(b), Some(&mut "b"));
        assert_eq!(slab.get_mut(u64::MAX), None);
    }
}
