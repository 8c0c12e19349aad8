//! The words of extensions, phone numbers, ring groups and trunks.

use super::word::words;

words! {
    /// Whether an extension can be dialled.
    ExtensionStatus {
        /// It can.
        Active = "active",
        /// It counts as unallocated.
        Inactive = "inactive",
    }
}

words! {
    /// Where a phone number is in its life.
    PhoneNumberStatus {
        /// In service.
        Active = "active",
        /// Held, but not in service.
        Inactive = "inactive",
        /// Gone back to the carrier, for good.
        Released = "released",
    }
}

words! {
    /// What becomes of calls to a phone number.
    InboundRouting {
        /// They go to its target, or to every user when it has none.
        Default = "default",
        /// They are refused without ringing.
        Drop = "drop",
    }
}

words! {
    /// For how long a phone number is held.
    NumberClass {
        /// Until it is disconnected.
        AccountOwned = "account_owned",
        /// Until it expires.
        Temporary = "temporary",
    }
}

words! {
    /// How a number appears in directories.
    ListingType {
        /// Published.
        Listed = "listed",
        /// Not printed, but given by directory assistance.
        NonListed = "non_listed",
        /// Withheld everywhere.
        NonPublished = "non_published",
        /// Without any listing.
        NonRegistered = "non_registered",
    }
}

words! {
    /// Whether the caller's name is shown to those who are called.
    CallerIdVisibility {
        /// Shown.
        Public = "PUBLIC",
        /// Withheld.
        Private = "PRIVATE",
    }
}

words! {
    /// What follows when nobody of a ring group answers.
    TimeoutAction {
        /// Rings the user in the target.
        RingUser = "ring_user",
        /// Records for the user or box in the target.
        Voicemail = "voicemail",
        /// Enters the queue in the target.
        Queue = "queue",
    }
}

words! {
    /// How a trunk is reached.
    TrunkTransport {
        /// UDP.
        Udp = "udp",
        /// TCP.
        Tcp = "tcp",
        /// TLS over TCP.
        Tls = "tls",
    }
}
