//! What is left when something dies in the middle: audio goes on, records are exact.

mod control;
mod kit;
mod outage;
mod places;
mod states;
mod stories;
