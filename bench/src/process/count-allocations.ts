import { countAllocations } from '../measure/allocations.js'

/** Loaded before a program that stands alone (`--import`): sends what it has allocated, when it has nothing more to do. */
const stop = countAllocations()
process.once('beforeExit', () => process.send?.(stop()))
