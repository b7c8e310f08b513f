export type {
  BrokerSettled,
  CopyPlace,
  CopyStored,
  DeadLetterEvent,
  EventKind,
  FaultEvent,
  FaultKind,
  HandlerEnded,
  HandlerOutcome,
  HandlerStarted,
  HistoryEvent,
  PublishEnded,
  PublishInvoked,
  PublishResult,
  Settled,
  Settlement,
} from './event.js'
export type { Columns, History } from './table.js'
export { eventAt, eventsOf } from './events.js'
export { createRecorder } from './recorder.js'
export type {
  BrokerSettledRecord,
  CopyRecord,
  DeadLetterRecord,
  FaultRecord,
  PublishRecord,
  Recorder,
  RecorderOptions,
  RunRecord,
} from './recorder.js'
export { mergeHistories } from './merge.js'
export { readLines, writeLines } from './lines.js'
export { checkHistory } from './check.js'
export type { CheckOptions, ExpectedGroup } from './options.js'
export { formatReport } from './report.js'
export type { HistoryCounts, HistoryReport, Violation, ViolationKind } from './report.js'
export { plant, validHistory } from './plant.js'
export type { Planted } from './plant.js'
export { PLAN_STORE_MS } from './plan-valid.js'
export type { PlanOptions } from './plan-valid.js'
