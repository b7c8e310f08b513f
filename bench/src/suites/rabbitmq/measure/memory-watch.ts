import { megabytes, reachableBytes } from '../../../measure/reachable-bytes.js'

/** How much more is reachable than when it began, at the worst of all looks. */
export class MemoryWatch {
  readonly #rest: number = reachableBytes()
  #most = this.#rest
  #timer: NodeJS.Timeout | undefined

  /** Looks every so many ms from now on, besides. */
  every(ms: number): void {
    this.#timer = setInterval(() => this.look(), ms)
  }

  look(): void {
    this.#most = Math.max(this.#most, reachableBytes())
  }

  stop(): { readonly growthMB: number; readonly peakResidentMB: number } {
    clearInterval(this.#timer)
    this.look()
    return {
      growthMB: megabytes(this.#most - this.#rest),
      peakResidentMB: megabytes(process.resourceUsage().maxRSS * 1024),
    }
  }
}
