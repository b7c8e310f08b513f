import type { Conformance } from '../../define-conformance.js'

export const orderConformance: readonly Conformance[] = []
