import type { Conformance } from '../../define-conformance.js'

export const swapConformance: readonly Conformance[] = []
