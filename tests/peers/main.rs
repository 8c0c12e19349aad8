//! Real peers from Debian that nobody here wrote: baresip phones, a SIPp carrier, a coturn. Left out, aloud, where
//! they are not installed, unless `STROWGER_TEST_PEERS=required`.

mod baresip;
mod coturn;
mod sipp;

use harness::is_here;
