/** Many stretches of time, to be asked how many of them share a moment with another one. */
export class Spans {
  readonly #starts: number[] = []
  readonly #ends: number[] = []
  #sorted: { readonly starts: Float64Array; readonly ends: Float64Array } | undefined

  begin(time: number): void {
    this.#starts.push(time)
    this.#sorted = undefined
  }

  end(time: number): void {
    this.#ends.push(time)
    this.#sorted = undefined
  }

  /** Both ends included. */
  overlapping(from: number, to: number): number {
    this.#sorted ??= { starts: Float64Array.from(this.#starts).sort(), ends: Float64Array.from(this.#ends).sort() }
    const { starts, ends } = this.#sorted
    // What misses the stretch begins after it or ends before it, never both.
    return below(starts, to, true) - below(ends, from, false)
  }
}

/** How many sorted values are below the limit, or also equal to it. */
function below(sorted: Float64Array, limit: number, included: boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const value = sorted[middle] as number
    if (value < limit || (included && value === limit)) low = middle + 1
    else high = middle
  }
  return low
}
