import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { CallFrame } from './cpu-profile.js'

/** What a function of the built program is called in the sources. */
export interface SourceNames {
  /** The file of the sources; of anything else what the profile says. */
  readonly file: (frame: CallFrame) => string
  /** The function and its file. */
  readonly function: (frame: CallFrame) => string
}

/** The bundler writes the path of each source above what it has made of it. */
const sourcePattern = /^\/\/ (\S+\.[cm]?[jt]s)$/

/** Reads where each source begins in the built modules of a folder. */
export async function readSourceNames(folder: string): Promise<SourceNames> {
  const modules = new Map<string, readonly (string | undefined)[]>()
  for (const name of await readdir(folder)) {
    if (name.endsWith('.mjs')) modules.set(name, sourceOfLines(await readFile(join(folder, name), 'utf8')))
  }
  const file = ({ url, lineNumber }: CallFrame): string => {
    const source = modules.get(basename(url))?.[lineNumber]
    return source ?? (url === '' ? '(engine)' : basename(url))
  }
  return {
    file,
    function: (frame) => `${frame.functionName === '' ? '(anonymous)' : frame.functionName}  ${file(frame)}`,
  }
}

function sourceOfLines(text: string): readonly (string | undefined)[] {
  let source: string | undefined
  return text.split('\n').map((line) => {
    source = sourcePattern.exec(line)?.[1] ?? source
    return source
  })
}
