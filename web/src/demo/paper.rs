//! What the demonstration is written on: short lines, from several tasks, with the time since the call
//! began.

use std::{
    fmt,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Standard output, or a test's own. Clones write on the same paper.
#[derive(Clone)]
pub struct Paper(Arc<Mutex<Sheet>>);

struct Sheet {
    out: Box<dyn Write + Send>,
    began: Instant,
}

impl fmt::Debug for Paper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paper").finish_non_exhaustive()
    }
}

impl Paper {
    /// Writes on `out`, and does not mind when nobody reads it any more.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Sheet {
            out: Box::new(out),
            began: Instant::now(),
        })))
    }

    /// The first line.
    pub(super) fn title(&self, text: &str) {
        self.write(format_args!("{text}\n"));
    }

    /// Begins a part.
    pub(super) fn head(&self, text: &str) {
        self.write(format_args!("\n{text}\n"));
    }

    /// A line of a part.
    pub(super) fn line(&self, text: &str) {
        self.write(format_args!("  {text}\n"));
    }

    /// A line of a part: what it is, and what is to be known of it.
    pub(super) fn item(&self, name: &str, text: &str) {
        self.write(format_args!("  {name:<10} {text}\n"));
    }

    /// Lets time count from now.
    pub(super) fn begin(&self) {
        self.sheet().began = Instant::now();
    }

    /// Something that happens: when, where, what.
    pub(super) fn happens(&self, place: &str, text: &str) {
        let mut sheet = self.sheet();
        let at = sheet.began.elapsed().as_secs_f64();
        sheet.write(format_args!("  {at:>6.2} s   {place:<8} {text}\n"));
    }

    fn write(&self, text: fmt::Arguments<'_>) {
        self.sheet().write(text);
    }

    fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sheet {
    fn write(&mut self, text: fmt::Arguments<'_>) {
        // A closed pipe is no reason to hang up on anybody.
        let _ = self.out.write_fmt(text);
        let _ = self.out.flush();
    }
}
