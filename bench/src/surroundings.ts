/** What the subjects of a suite share and none of them may own, such as a broker. It lives in the process of the bench. */
export interface Surroundings {
  /** For a subject that starts now: addresses and the like. */
  readonly facts: () => Facts
  /** Does what a subject asks for while it runs. */
  readonly answer: Ask
  /** After each subject, also one that failed: the next one finds what the first has found. */
  readonly tidy: () => Promise<void>
  readonly close: () => Promise<void>
}

export type Facts = Readonly<Record<string, string>>

/** What is asked for and what comes back have to survive JSON. */
export type Ask = (request: string, args: readonly unknown[]) => Promise<unknown>

/** Of a suite whose subjects need nothing but themselves. */
export const nothingShared: Surroundings = {
  facts: () => ({}),
  answer: (request) => Promise.reject(new Error(`nobody is there to do ${request}`)),
  tidy: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
