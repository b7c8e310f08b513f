import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Makes the folder that holds everything of one broker. */
export function makeFolder(name: string): Promise<string> {
  return mkdtemp(join(tmpdir(), `sluice-${name}-`))
}
