// Sixteen lanes in four NEON registers (AArch64).

struct F16 {
    float32x4_t v[4];
    template <class Operation>
    static F16 each(Operation operation) {
        return {{operation(0), operation(1), operation(2), operation(3)}};
    }
    static F16 of(float x) { return each([&](int) { return vdupq_n_f32(x); }); }
    static F16 zero() { return of(0); }
    static F16 load(const float* p) { return each([&](int i) { return vld1q_f32(p + 4 * i); }); }
    static F16 load(const uint16_t* halves) {
        return each([&](int i) {
            return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(halves + 4 * i)));
        });
    }
    void store(float* p) const {
        for (int i = 0; i < 4; ++i) vst1q_f32(p + 4 * i, v[i]);
    }
    void store(uint16_t* halves) const {
        for (int i = 0; i < 4; ++i)
            vst1_u16(halves + 4 * i, vreinterpret_u16_f16(vcvt_f16_f32(v[i])));
    }
    F16 operator+(F16 o) const { return each([&](int i) { return vaddq_f32(v[i], o.v[i]); }); }
    F16 operator-(F16 o) const { return each([&](int i) { return vsubq_f32(v[i], o.v[i]); }); }
    F16 operator*(F16 o) const { return each([&](int i) { return vmulq_f32(v[i], o.v[i]); }); }
    F16 operator/(F16 o) const { return each([&](int i) { return vdivq_f32(v[i], o.v[i]); }); }
    F16 plus_product(F16 a, F16 b) const {
        return each([&](int i) { return vfmaq_f32(v[i], a.v[i], b.v[i]); });
    }
    F16 at_least(F16 o) const { return each([&](int i) { return vmaxq_f32(v[i], o.v[i]); }); }
    F16 at_most(F16 o) const { return each([&](int i) { return vminq_f32(v[i], o.v[i]); }); }
    F16 rounded() const { return each([&](int i) { return vrndnq_f32(v[i]); }); }
    F16 magnitude() const { return each([&](int i) { return vabsq_f32(v[i]); }); }
    F16 power_of_two() const {
        return each([&](int i) {
            int32x4_t e = vaddq_s32(vcvtnq_s32_f32(v[i]), vdupq_n_s32(127));
            return vreinterpretq_f32_s32(vshlq_n_s32(e, 23));
        });
    }
    void store_bytes(int8_t* p) const {
        int32_t lanes[16];
        for (int i = 0; i < 4; ++i) vst1q_s32(lanes + 4 * i, vcvtnq_s32_f32(v[i]));
        for (int i = 0; i < 16; ++i) p[i] = static_cast<int8_t>(lanes[i]);
    }
};

struct I16 {
    int32x4_t v[4];
    static I16 zero() {
        int32x4_t z = vdupq_n_s32(0);
        return {{z, z, z, z}};
    }
    F16 as_float() const { return F16::each([&](int i) { return vcvtq_f32_s32(v[i]); }); }
    void store(int32_t* p) const {
        for (int i = 0; i < 4; ++i) vst1q_s32(p + 4 * i, v[i]);
    }
    I16 plus(I16 o) const {
        return {{vaddq_s32(v[0], o.v[0]), vaddq_s32(v[1], o.v[1]), vaddq_s32(v[2], o.v[2]),
                 vaddq_s32(v[3], o.v[3])}};
    }
    I16 minus(int32_t x) const {
        int32x4_t all = vdupq_n_s32(x);
        return {{vsubq_s32(v[0], all), vsubq_s32(v[1], all), vsubq_s32(v[2], all),
                 vsubq_s32(v[3], all)}};
    }
};

struct Codes {
    uint8x16_t v[4];
    static Codes load(const uint8_t* p) {
        return {{vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)}};
    }
    Codes two_bits(int i) const {
        uint8x16_t three = vdupq_n_u8(3);
        Codes r;
        for (int j = 0; j < 4; ++j) {
            r.v[j] = vandq_u8(vshlq_u8(v[j], vdupq_n_s8(-2 * i)), three);
        }
        return r;
    }
};

struct Bytes {
    int16x8_t v;  // the four bytes twice, widened
    static Bytes load(const int8_t* x) {
        int32_t four;
        memcpy(&four, x, 4);
        return {vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)))};
    }
};

inline I16 dot4(I16 acc, Codes codes, Bytes bytes) {
    const int16x8_t wide = bytes.v;
    for (int i = 0; i < 4; ++i) {
        // a code of 8 bits is no signed byte, so both sides are widened
        int16x8_t low = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(codes.v[i])));
        int16x8_t high = vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(codes.v[i])));
        int32x4_t a = vmull_s16(vget_low_s16(low), vget_low_s16(wide));
        int32x4_t b = vmull_s16(vget_high_s16(low), vget_low_s16(wide));
        int32x4_t c = vmull_s16(vget_low_s16(high), vget_low_s16(wide));
        int32x4_t d = vmull_s16(vget_high_s16(high), vget_low_s16(wide));
        acc.v[i] = vaddq_s32(acc.v[i], vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d)));
    }
    return acc;
}
