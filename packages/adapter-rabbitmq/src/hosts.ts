/** The addresses of a broker, in an order of this client's own, so that many clients spread over all of them. */
export class Hosts<T> {
  readonly #hosts: readonly T[]
  #index = 0

  constructor(hosts: readonly T[], random: () => number) {
    this.#hosts = shuffled(hosts, random)
  }

  get size(): number {
    return this.#hosts.length
  }

  /** The same until it has failed. */
  get current(): T {
    return this.#hosts[this.#index] as T
  }

  /** This one has answered. */
  prefer(host: T): void {
    this.#index = Math.max(0, this.#hosts.indexOf(host))
  }

  next(): void {
    this.#index = (this.#index + 1) % this.#hosts.length
  }
}

function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    const kept = result[last] as T
    result[last] = result[other] as T
    result[other] = kept
  }
  return result
}
