export { fanoutAdapter } from './harness/fanout.ts'
export type {
  Adapter,
  BusFaults,
  BusHarness,
  Faults,
  Harness,
  Injected,
  InstanceOptions,
  Unreachable,
  StoreFaults,
  StoreHarness,
  StoreLimits,
  SyncHarness,
} from './harness/harness.ts'
export { memoryAdapter, memoryBusHarness, memoryStoreHarness, memorySyncHarness } from './harness/memory.ts'
export { combineHarnesses, stackHarnessFactory } from './harness/stack.ts'
export { findViolation, findFirstViolation, type KeyHistory, type Tolerance } from './checkers/history.ts'
export { type Call, checkLinearizability, type Model, type LinearizabilityResult } from './checkers/linearizability.ts'
export {
  type DescribeOptions,
  describeBusConformance,
  describeStoreConformance,
  describeSyncConformance,
  type Runner,
  type TestHandle,
} from './run/describe.ts'
export { type Kind, type Report, type ReportOptions, testAdapter, toMarkdown } from './run/report.ts'
export type { RuleResult, RunOptions } from './run/run.ts'
