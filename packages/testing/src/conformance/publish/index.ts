import type { Conformance } from '../../define-conformance.js'
import { afterClose } from './after-close.js'

export const publishConformance: readonly Conformance[] = [afterClose]
