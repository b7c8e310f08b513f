import { setImmediate as turn } from 'node:timers/promises'

/** Lets the program run on until the condition holds. What would never hold is ended by the time limit of the process. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn()
}
