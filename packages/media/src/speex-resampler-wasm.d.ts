/** The part of the Speex resampler's WASM module that `resample.ts` uses; pointers are byte offsets into its heap. */
declare module "@echogarden/speex-resampler-wasm/simd" {
  export interface SpeexModule {
    /** A new view whenever the memory grows: read it anew for every use. */
    readonly HEAP16: Int16Array;
    readonly HEAPU32: Uint32Array;
    _malloc(bytes: number): number;
    /** The resampler's pointer; 0 and an error code at `error` when it fails. */
    _speex_resampler_init(channels: number, fromRate: number, toRate: number, quality: number, error: number): number;
    _speex_resampler_destroy(resampler: number): void;
    /** Leaves out the filter's delay at the beginning. */
    _speex_resampler_skip_zeros(resampler: number): number;
    /** The filter's delay in input samples. */
    _speex_resampler_get_input_latency(resampler: number): number;
    /** Lengths in, lengths out: samples offered and taken, room and samples given. An error code; 0: none. */
    _speex_resampler_process_int(
      resampler: number,
      channel: number,
      input: number,
      inputLength: number,
      output: number,
      outputLength: number,
    ): number;
  }
  export default function load(): Promise<SpeexModule>;
}
