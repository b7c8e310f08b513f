import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The root of the repository. It is looked for upwards, because a program that was bundled runs from a cache folder
 * further down.
 *
 * @type {string}
 */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)))

/**
 * @param {string} folder
 * @returns {string}
 */
function findRoot(folder) {
  if (isRoot(folder)) return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('This program runs only inside the Sluice repository')
  return findRoot(parent)
}

/**
 * @param {string} folder
 * @returns {boolean}
 */
function isRoot(folder) {
  try {
    return 'workspaces' in JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  } catch {
    return false
  }
}
