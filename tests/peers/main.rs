//! Real peers from Debian that nobody here wrote: baresip phones and a SIPp carrier. Left out, aloud, where
//! they are not installed, unless `STROWGER_TEST_PEERS=required`.

mod baresip;
mod sipp;

use harness::is_here;
