export { findFirstViolation, findViolation, type KeyHistory, type Tolerance } from './checkers/history.ts'
export { type Call, checkLinearizability, type LinearizabilityResult, type Model } from './checkers/linearizability.ts'
export { fanoutAdapter } from './harness/fanout.ts'
export type {
  Adapter,
  BusFaults,
  BusHarness,
  Faults,
  Harness,
  Injected,
  InstanceOptions,
  StoreFaults,
  StoreHarness,
  StoreLimits,
  SyncHarness,
  Unreachable,
} from './harness/harness.ts'
export { memoryAdapter, memoryBusHarness, memoryStoreHarness, memorySyncHarness } from './harness/memory.ts'
export { combineHarnesses, stackHarnessFactory } from './harness/stack.ts'
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
