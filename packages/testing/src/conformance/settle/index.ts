import type { Conformance } from '../../define-conformance.js'

export const settleConformance: readonly Conformance[] = []
