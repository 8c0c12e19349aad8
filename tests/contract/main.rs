//! The house against its plan, and the served document against the contract.

mod house;
mod openapi;
mod shape;
