//! The program itself, started as a process: what it prints, what it leaves behind when it is killed, how
//! it goes when it is told to, and what its log says and keeps to itself.

mod commands;
mod killed;
mod log;
mod program;
mod stopped;
mod town;
