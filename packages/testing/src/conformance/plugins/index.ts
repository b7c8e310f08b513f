import type { Conformance } from '../../define-conformance.js'

export const pluginsConformance: readonly Conformance[] = []
