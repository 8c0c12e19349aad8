//! G.722 at 64 kbit/s (ITU-T G.722, blocks named as there), the tests' own.

const QMF: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
const Q6: [i32; 30] = [
    0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940,
    1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
const ILB: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
    2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
const WL: [i32; 8] = [-60, -30, 58, 172, 334, 538, 1198, 3042];
const RL42: [usize; 16] = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0];
const QM4: [i32; 16] = [
    0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584,
    1200, 0,
];
const QM6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232,
    -9360, -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776,
    -2400, -2032, -1688, -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280,
    11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776,
    2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
const QM2: [i32; 4] = [-7408, -1616, 7408, 1616];
const WH: [i32; 3] = [0, -214, 798];
const RH2: [usize; 4] = [2, 1, 2, 1];

fn saturate(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

/// One sub-band's predictor and step size.
struct Band {
    s: i32,
    sz: i32,
    r: [i32; 3],
    a: [i32; 3],
    p: [i32; 3],
    d: [i32; 7],
    b: [i32; 7],
    nb: i32,
    det: i32,
}

impl Band {
    fn new(det: i32) -> Self {
        Self {
            s: 0,
            sz: 0,
            r: [0; 3],
            a: [0; 3],
            p: [0; 3],
            d: [0; 7],
            b: [0; 7],
            nb: 0,
            det,
        }
    }

    /// LOGSCL/LOGSCH and SCALEL/SCALEH.
    fn scale(&mut self, weight: i32, most: i32, shift: i32) {
        self.nb = (((self.nb * 127) >> 7) + weight).clamp(0, most);
        let mantissa = ILB[((self.nb >> 6) & 31) as usize];
        let down = shift - (self.nb >> 11);
        let size = if down < 0 {
            mantissa << -down
        } else {
            mantissa >> down
        };
        self.det = size << 2;
    }

    /// Block 4: the predictor takes the quantized difference in.
    fn adapt(&mut self, d: i32) {
        self.d[0] = d;
        self.r[0] = saturate(self.s + d);
        self.p[0] = saturate(self.sz + d);
        let same = |one: i32, other: i32| (one >> 15) == (other >> 15);

        let lead = saturate(self.a[1] << 2);
        let lead = if same(self.p[0], self.p[1]) {
            -lead
        } else {
            lead
        };
        let push = if same(self.p[0], self.p[2]) {
            128
        } else {
            -128
        };
        let second = (lead.min(32_767) >> 7) + push + ((self.a[2] * 32_512) >> 15);
        let second = second.clamp(-12_288, 12_288);
        let push = if same(self.p[0], self.p[1]) {
            192
        } else {
            -192
        };
        let limit = saturate(15_360 - second);
        let first = saturate(push + ((self.a[1] * 32_640) >> 15)).clamp(-limit, limit);

        let push = if d == 0 { 0 } else { 128 };
        for i in (1..7).rev() {
            let push = if same(self.d[i], d) { push } else { -push };
            self.b[i] = saturate(push + ((self.b[i] * 32_640) >> 15));
        }
        self.d.copy_within(0..6, 1);
        self.r.copy_within(0..2, 1);
        self.p.copy_within(0..2, 1);
        (self.a[1], self.a[2]) = (first, second);

        let pole = |i: usize| (self.a[i] * saturate(self.r[i] * 2)) >> 15;
        let poles = saturate(pole(1) + pole(2));
        let zeros = (1..7).map(|i| (self.b[i] * saturate(self.d[i] * 2)) >> 15);
        self.sz = saturate(zeros.sum());
        self.s = saturate(poles + self.sz);
    }

    fn low(&mut self, index: usize) {
        let d = (self.det * QM4[index]) >> 15;
        self.scale(WL[RL42[index]], 18_432, 8);
        self.adapt(d);
    }

    fn high(&mut self, index: usize) {
        let d = (self.det * QM2[index]) >> 15;
        self.scale(WH[RH2[index]], 22_528, 10);
        self.adapt(d);
    }
}

/// Both bands and the filter between them and the samples.
struct Bands {
    low: Band,
    high: Band,
    x: [i32; 24],
}

impl Default for Bands {
    fn default() -> Self {
        Self {
            low: Band::new(32),
            high: Band::new(8),
            x: [0; 24],
        }
    }
}

impl Bands {
    /// The two halves of the filter after two more values.
    fn filter(&mut self, first: i32, second: i32) -> (i32, i32) {
        self.x.copy_within(2..24, 0);
        (self.x[22], self.x[23]) = (first, second);
        let odd = (0..12).map(|i| self.x[2 * i] * QMF[i]).sum();
        let even = (0..12).map(|i| self.x[2 * i + 1] * QMF[11 - i]).sum();
        (odd, even)
    }
}

/// Samples at 16 kHz to bytes.
#[derive(Default)]
pub struct Encoder(Bands);

impl Encoder {
    /// One byte for two samples.
    pub fn encode(&mut self, samples: &[i16]) -> Vec<u8> {
        let bands = &mut self.0;
        let mut bytes = Vec::with_capacity(samples.len() / 2);
        for pair in samples.chunks_exact(2) {
            let (odd, even) = bands.filter(pair[0].into(), pair[1].into());
            let (low, high) = ((even + odd) >> 14, (even - odd) >> 14);

            let error = saturate(low - bands.low.s);
            let size = if error < 0 { -(error + 1) } else { error };
            let level = (1..30).find(|i| size < (Q6[*i] * bands.low.det) >> 12);
            let level = level.unwrap_or(30);
            let code = match (error < 0, level) {
                (true, 1 | 2) => 64 - level,
                (true, _) => 34 - level,
                (false, _) => 62 - level,
            };
            bands.low.low(code >> 2);

            let error = saturate(high - bands.high.s);
            let size = if error < 0 { -(error + 1) } else { error };
            let far = size >= (564 * bands.high.det) >> 12;
            let upper = match (error < 0, far) {
                (true, false) => 1,
                (true, true) => 0,
                (false, false) => 3,
                (false, true) => 2,
            };
            bands.high.high(upper);
            bytes.push((upper << 6 | code) as u8);
        }
        bytes
    }
}

/// Bytes to samples at 16 kHz.
#[derive(Default)]
pub struct Decoder(Bands);

impl Decoder {
    /// Two samples for one byte.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<i16> {
        let bands = &mut self.0;
        let mut samples = Vec::with_capacity(bytes.len() * 2);
        for byte in bytes {
            let (code, upper) = (usize::from(byte & 63), usize::from(byte >> 6));
            let low = bands.low.s + ((bands.low.det * QM6[code]) >> 15);
            let low = low.clamp(-16_384, 16_383);
            bands.low.low(code >> 2);
            let high = bands.high.s + ((bands.high.det * QM2[upper]) >> 15);
            let high = high.clamp(-16_384, 16_383);
            bands.high.high(upper);
            let (odd, even) = bands.filter(low + high, low - high);
            samples.push(saturate(even >> 11) as i16);
            samples.push(saturate(odd >> 11) as i16);
        }
        samples
    }
}
