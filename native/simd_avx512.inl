// Sixteen lanes in one AVX-512 register. With VNNI four products of bytes are one instruction.

struct F16 {
    __m512 v;
    static F16 zero() { return {_mm512_setzero_ps()}; }
    static F16 of(float x) { return {_mm512_set1_ps(x)}; }
    static F16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
    static F16 load(const uint16_t* halves) {
        return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves)))};
    }
    void store(float* p) const { _mm512_storeu_ps(p, v); }
    void store(uint16_t* halves) const {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(halves),
                            _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    F16 operator+(F16 o) const { return {_mm512_add_ps(v, o.v)}; }
    F16 operator-(F16 o) const { return {_mm512_sub_ps(v, o.v)}; }
    F16 operator*(F16 o) const { return {_mm512_mul_ps(v, o.v)}; }
    F16 operator/(F16 o) const { return {_mm512_div_ps(v, o.v)}; }
    F16 plus_product(F16 a, F16 b) const { return {_mm512_fmadd_ps(a.v, b.v, v)}; }
    F16 at_least(F16 o) const { return {_mm512_max_ps(v, o.v)}; }
    F16 at_most(F16 o) const { return {_mm512_min_ps(v, o.v)}; }
    F16 rounded() const {
        return {_mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
    }
    F16 magnitude() const { return {_mm512_abs_ps(v)}; }
    // 2^v for whole v in the range of normal floats
    F16 power_of_two() const {
        __m512i e = _mm512_add_epi32(_mm512_cvtps_epi32(v), _mm512_set1_epi32(127));
        return {_mm512_castsi512_ps(_mm512_slli_epi32(e, 23))};
    }
    // the lanes as signed bytes; they must lie between -127 and 127
    void store_bytes(int8_t* p) const {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                         _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
    }
};

// Sixteen sums of products of bytes.
struct I16 {
    __m512i v;
    static I16 zero() { return {_mm512_setzero_si512()}; }
    F16 as_float() const { return {_mm512_cvtepi32_ps(v)}; }
    void store(int32_t* p) const { _mm512_storeu_si512(p, v); }
    I16 plus(I16 o) const { return {_mm512_add_epi32(v, o.v)}; }
    I16 minus(int32_t x) const { return {_mm512_sub_epi32(v, _mm512_set1_epi32(x))}; }
};

// Sixty-four unsigned codes: four consecutive inputs for each of sixteen outputs.
struct Codes {
    __m512i v;
    static Codes load(const uint8_t* p) { return {_mm512_loadu_si512(p)}; }
    // the i-th of four 2-bit codes in every byte
    Codes two_bits(int i) const {
        return {_mm512_and_si512(_mm512_srli_epi16(v, 2 * i), _mm512_set1_epi8(3))};
    }
};

// Four signed bytes, for every output the same.
struct Bytes {
    __m512i v;
    static Bytes load(const int8_t* x) {
        int32_t four;
        memcpy(&four, x, 4);
        return {_mm512_set1_epi32(four)};
    }
};

// acc + codes · bytes, for every output
inline I16 dot4(I16 acc, Codes codes, Bytes bytes) {
    const __m512i b = bytes.v;
#ifdef __AVX512VNNI__
    return {_mm512_dpbusd_epi32(acc.v, codes.v, b)};
#else
    // widened to 16 bits, where no product overflows; even and odd bytes apart
    __m512i low = _mm512_set1_epi16(0xff);
    __m512i even = _mm512_madd_epi16(_mm512_and_si512(codes.v, low),
                                     _mm512_srai_epi16(_mm512_slli_epi16(b, 8), 8));
    __m512i odd = _mm512_madd_epi16(_mm512_srli_epi16(codes.v, 8), _mm512_srai_epi16(b, 8));
    return {_mm512_add_epi32(acc.v, _mm512_add_epi32(even, odd))};
#endif
}
