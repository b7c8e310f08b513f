import type { Conformance } from '../../define-conformance.js'

export const publishConformance: readonly Conformance[] = []
