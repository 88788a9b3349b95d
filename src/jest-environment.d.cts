import { TestEnvironment } from 'jest-environment-node';

/** jest's Node environment, its typed arrays being the host's own. */
declare class HostArraysEnvironment extends TestEnvironment {}
export = HostArraysEnvironment;
