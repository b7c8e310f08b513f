import type { Conformance } from '../../define-conformance.js'

export const resilienceConformance: readonly Conformance[] = []
