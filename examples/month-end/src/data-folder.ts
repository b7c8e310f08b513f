import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Found by the name of the package, because the program may have been bundled to another place. */
const packageFile = createRequire(import.meta.url).resolve('@sluice/example-month-end/package.json')

export const dataFile = (name: string): string => join(dirname(packageFile), 'data', name)
