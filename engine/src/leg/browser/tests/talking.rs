//! An answered call: hold, mute, keys, silence.

use super::rig::{Rig, name};
use crate::{
    LegError,
    leg::{Notice, Word, machine::Order},
    media::MediaEvent,
};

const HELD: Order = Order::Notice(Notice::PeerHeld);
const RESUMED: Order = Order::Notice(Notice::PeerResumed);

#[test]
fn it_holds_and_resumes() {
    for mut rig in [Rig::talking(), Rig::talking_in()] {
        assert_eq!(rig.says(Word::Resume), Err(LegError::State));
        assert_eq!(rig.says(Word::Hold).unwrap(), ["Held", "> held"]);
        assert_eq!(rig.says(Word::Hold), Err(LegError::State));
        assert_eq!(rig.says(Word::Resume).unwrap(), ["Resumed", "> resumed"]);
        assert_eq!(rig.says(Word::Resume), Err(LegError::State));
        // The stream stays as it is.
        assert_eq!(rig.audio.configured.len(), 1);
    }
}

#[test]
fn it_hears_that_the_far_side_holds() {
    let mut rig = Rig::talking();
    assert_eq!(rig.order(HELD).unwrap(), ["> held by peer"]);
    assert!(rig.order(HELD).unwrap().is_empty());
    // It is not active now, and not held by itself.
    assert_eq!(rig.says(Word::Hold), Err(LegError::State));
    assert_eq!(rig.says(Word::Resume), Err(LegError::State));
    assert_eq!(rig.order(RESUMED).unwrap(), ["> resumed"]);
    assert!(rig.order(RESUMED).unwrap().is_empty());
}

#[test]
fn both_may_hold() {
    let mut rig = Rig::talking();
    rig.says(Word::Hold).unwrap();
    assert!(rig.order(HELD).unwrap().is_empty());
    assert_eq!(
        rig.says(Word::Resume).unwrap(),
        ["Resumed", "> resumed", "> held by peer"]
    );
    assert_eq!(rig.order(RESUMED).unwrap(), ["> resumed"]);
    // The far side lets go first.
    rig.says(Word::Hold).unwrap();
    rig.order(HELD).unwrap();
    assert!(rig.order(RESUMED).unwrap().is_empty());
    assert_eq!(rig.says(Word::Resume).unwrap(), ["Resumed", "> resumed"]);
}

#[test]
fn nobody_holds_a_call_that_rings() {
    for mut rig in [Rig::calling(), Rig::called()] {
        assert_eq!(rig.order(HELD), Err(LegError::State));
        assert_eq!(rig.says(Word::Hold), Err(LegError::State));
    }
}

#[test]
fn it_is_muted_as_often_as_it_likes() {
    let mut rig = Rig::talking_in();
    for word in [Word::Mute, Word::Mute, Word::Unmute, Word::Unmute] {
        assert!(rig.says(word).unwrap().is_empty());
    }
    assert_eq!(rig.audio.muted, [true, true, false, false]);
}

#[test]
fn keys_go_by_audio_both_ways() {
    let mut rig = Rig::talking();
    rig.order(Order::SendDigits("12#".to_owned())).unwrap();
    assert_eq!(rig.audio.digits, "12#");
    // What the far side pressed by audio is there already.
    assert!(rig.order(Order::RelayDigit('5')).unwrap().is_empty());
    assert_eq!(rig.audio.digits, "12#");
    let pressed = MediaEvent::Digit {
        digit: '7',
        duration_ms: 100,
    };
    assert_eq!(rig.media(pressed), ["Digit 7"]);
    let mut early = Rig::calling();
    assert_eq!(
        early.order(Order::SendDigits("1".to_owned())),
        Err(LegError::State)
    );
}

#[test]
fn silence_is_told() {
    assert_eq!(Rig::talking().media(MediaEvent::Silent), ["MediaLost"]);
}

#[test]
fn a_second_name_changes_nothing() {
    let mut rig = Rig::talking();
    assert!(rig.order(name()).unwrap().is_empty());
    let other = Order::Name("call_2".to_owned());
    assert!(rig.order(other).unwrap().is_empty());
}
