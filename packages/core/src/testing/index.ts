export { type ClusterBusControls, createTestCluster, type TestCluster, type TestClusterOptions } from './cluster.ts'
export { createVirtualRuntime, type VirtualRuntime } from './virtual-runtime.ts'
