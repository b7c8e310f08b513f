import type { Conformance } from '../../define-conformance.js'

export const consumeConformance: readonly Conformance[] = []
