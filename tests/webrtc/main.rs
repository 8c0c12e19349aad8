//! The softphone socket from outside: who may speak and what is said, and pages with real WebRTC media that
//! call phones, carriers and each other.

mod calling;
mod codecs;
mod devices;
mod emergency;
mod frames;
mod handing_on;
mod kit;
mod limits;
mod paper;
mod paths;
mod places;
mod signing_in;
mod survival;
mod talking;
mod transfer;
mod trunks;
mod watching;
