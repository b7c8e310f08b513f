import type { Conformance } from '../../define-conformance.js'
import { closeOne } from './close-one.js'
import { competing } from './competing.js'
import { everyGroup } from './every-group.js'
import { manyTopics } from './many-topics.js'
import { provisionedGroups } from './provisioned-groups.js'
import { separateTopics } from './separate-topics.js'
import { unfinishedAtKill, unfinishedBacklog } from './unfinished-backlog.js'

export const consumeConformance: readonly Conformance[] = [
  everyGroup,
  competing,
  separateTopics,
  provisionedGroups,
  unfinishedBacklog,
  unfinishedAtKill,
  manyTopics,
  closeOne,
]
