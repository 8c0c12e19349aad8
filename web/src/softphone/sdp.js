// Descriptions: offers and answers are sent whole, with all their candidates, as the server wants them.

/** Longest wait for candidates, in milliseconds: those of this machine are there at once. */
const GATHERING = 2_000;

/** Makes `pc` describe itself (an offer, or the answer to what it was told), and gives the whole text. */
export async function describe(pc) {
  await pc.setLocalDescription();
  await gathered(pc);
  return pc.localDescription.sdp;
}

function gathered(pc) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, GATHERING);
    function done() {
      clearTimeout(timer);
      pc.removeEventListener('icegatheringstatechange', look);
      resolve();
    }
    function look() {
      if (pc.iceGatheringState === 'complete' || pc.signalingState === 'closed') {
        done();
      }
    }
    pc.addEventListener('icegatheringstatechange', look);
    look();
  });
}
