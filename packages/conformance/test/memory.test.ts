import {
  describeBusConformance,
  describeStoreConformance,
  describeSyncConformance,
  memoryBusHarness,
  memoryStoreHarness,
  memorySyncHarness,
} from '@sync/conformance'
import { describe, it } from 'vitest'
import { logBusHarness } from '../src/mutants/log-bus.ts'

const runner = { describe, it }

describeBusConformance({ name: 'the in-memory bus', createHarness: memoryBusHarness, runner })
describeBusConformance({ name: 'a bus with a log', createHarness: logBusHarness, runner })
describeStoreConformance({ name: 'the in-memory store', createHarness: memoryStoreHarness, runner })
describeSyncConformance({ name: 'the in-memory stack', createHarness: memorySyncHarness, runner })
