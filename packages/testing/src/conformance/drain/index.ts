import type { Conformance } from '../../define-conformance.js'

export const drainConformance: readonly Conformance[] = []
