export { fanoutAdapter } from './harness/fanout.ts'
export type {
  Adapter,
  BusFaults,
  BusHarness,
  Faults,
  Harness,
  Injected,
  InstanceOptions,
  Nowhere,
  StoreFaults,
  StoreHarness,
  StoreLimits,
  SyncHarness,
} from './harness/harness.ts'
export { memoryAdapter, memoryBusHarness, memoryStoreHarness, memorySyncHarness } from './harness/memory.ts'
export { joinHarnesses, stackOf } from './harness/stack.ts'
export { faultOf, firstFault, type KeyHistory, type Tolerance } from './judge/history.ts'
export { type Call, judge, type Model, type Verdict } from './judge/linearizability.ts'
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
