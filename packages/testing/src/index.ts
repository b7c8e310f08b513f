export { faultNames } from './faults.js'
export type { FaultName, Faults, FaultSide, SendFault, Undo } from './faults.js'
export type {
  AdapterRequest,
  Harness,
  HarnessFactory,
  HarnessLimits,
  HarnessTimings,
  Inspect,
  StoredCopy,
} from './harness.js'
export { conformanceId, conformanceIds, isId } from './ids.js'
export type { ConformanceId, Id } from './ids.js'
export { hasCapability, refusals, variations } from './refusals.js'
export type { RefusableCapability, Refusal } from './refusals.js'
export { conformance } from './conformance/index.js'
export { defineConformance } from './define-conformance.js'
export type { Conformance, ConformanceDefinition, ConformanceNeeds } from './define-conformance.js'
export type { Runner, RunnerTestOptions } from './runner.js'
export { registerKit } from './register-kit.js'
export type { RegisterOptions } from './register-kit.js'
export { runKit } from './run-kit.js'
export type { KitOptions } from './run-kit.js'
export { runOne } from './run-one.js'
export type { RunOptions } from './run-one.js'
export { formatResult } from './result.js'
export type { ConformanceResult, ConformanceStatus, KitReport } from './result.js'
export type { Scenario, ScenarioNumbers } from './scenario.js'
export type { Assert } from './scenario/assert.js'
export { assert, ConformanceFailure } from './scenario/assert.js'
export type { Breaking } from './scenario/breaking.js'
export type { AskAnything, Client, ClientOptions } from './scenario/clients.js'
export type { Consuming, Consumption, Received, Runs } from './scenario/consuming.js'
export type { Item, ItemTopic, ItemTopicOptions } from './scenario/item.js'
export type { BatchPlan, Published, Publishing, PublishPlan } from './scenario/publishing.js'
export type { Load, LoadOptions, StartLoad } from './scenario/load.js'
export type { RawMessage, SendRaw } from './scenario/raw.js'
export type { Until, UntilOptions } from './scenario/until.js'
export type { Variant } from './scenario/variant.js'
export * from './history/index.js'
