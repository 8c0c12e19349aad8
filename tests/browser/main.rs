//! Debian's Chromium, headless, with a tone for a microphone: pages call, are called and hear. Left out,
//! aloud, where it is not installed, unless `STROWGER_TEST_PEERS=required`.

mod calls;
mod kit;
mod media;
mod sip_phones;
mod softphone;
