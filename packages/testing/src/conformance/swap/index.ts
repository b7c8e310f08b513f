import type { Conformance } from '../../define-conformance.js'
import { likeOthers, noopMiddleware } from './likeness.js'
import { closeNames, noCollisions } from './names.js'
import { sameLog } from './one-program.js'
import { foreignMessages, foreignWithoutId, readableMessages } from './plain-clients.js'
import { refusedAtStart } from './refusals.js'
import { neighbouringVersions } from './versions.js'

export const swapConformance: readonly Conformance[] = [
  sameLog,
  refusedAtStart,
  likeOthers,
  noopMiddleware,
  foreignMessages,
  foreignWithoutId,
  readableMessages,
  neighbouringVersions,
  noCollisions,
  closeNames,
]
