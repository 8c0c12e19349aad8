//! The plane as a whole, on real sockets of the loopback interface.

mod control;
mod keys;
mod kit;
mod prompts;
mod relay;
mod sound;
mod threads;
mod web;
