import { accessSync, constants, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

/** Where programs are looked for. */
export interface Host {
  readonly env: NodeJS.ProcessEnv
  /** Stands before absolute paths that are not from the environment. */
  readonly root: string
}

export const thisHost: Host = { env: process.env, root: '/' }

/** The first of these files that can be run. */
export function firstProgram(files: readonly string[]): string | undefined {
  return files.find(isProgram)
}

/** A program by its name, in `folders` first, then in the folders of PATH. */
export function findProgram(name: string, host: Host, folders: readonly string[] = []): string | undefined {
  const path = (host.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return firstProgram([...folders, ...path].map((folder) => join(folder, name)))
}

/** Folders of an Erlang installation that may hold `erl_call`, which not every distribution links into `bin`. */
export function erlangFolders(erl: string): string[] {
  const bin = dirname(realpathSync(erl))
  const libraries = join(dirname(bin), 'lib')
  return [bin, ...subfolders(libraries, 'erl_interface-').map((name) => join(libraries, name, 'bin'))]
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function subfolders(folder: string, prefix: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(prefix))
  } catch {
    return []
  }
}
