/** Nothing else happens in this thread meanwhile: no timer, no heartbeat. */
export function stall(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
