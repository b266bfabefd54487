//! A cluster's two kinds of machines: one scheduler that hands out tasks, and executors that carry them out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::{create_scheduler, start_grpc_service_with_listener};
use datafusion::execution::SessionStateBuilder;
use datafusion_proto::protobuf::{LogicalPlanNode, PhysicalPlanNode};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::Error;
use crate::codec::{Logical, Physical};
use crate::session::{MESSAGE, remote_config};

/// An executor says that it lives after so many seconds.
const HEARTBEAT: u64 = 2;

/// A scheduler.
#[derive(Clone, Debug)]
pub struct Scheduler {
    /// Where it listens; port 0 for any that is free.
    pub bind: SocketAddr,
    /// The name by which others reach it.
    pub host: String,
    /// An executor that was not heard of for so many seconds is given up, and its tasks go to others.
    pub patience: u64,
}

/// An executor.
#[derive(Clone, Debug)]
pub struct Executor {
    /// Where the scheduler is.
    pub scheduler: (String, u16),
    /// Where it listens for those who fetch results; it is told of tasks on the next port.
    pub bind: SocketAddr,
    /// The name by which others reach it.
    pub host: String,
    /// How many tasks it carries out at once; 0 for one a core.
    pub cores: usize,
    /// Where it keeps what tasks bring until it is fetched.
    pub work: PathBuf,
}

fn lost(error: impl std::fmt::Display) -> Error {
    Error::Lost(error.to_string())
}

/// Runs a scheduler until the process is stopped; `listening` is told where.
///
/// # Errors
/// A place where nobody may listen.
pub fn scheduler(scheduler: &Scheduler, listening: &mut dyn FnMut(SocketAddr)) -> Result<(), Error> {
    let message = u32::try_from(MESSAGE).unwrap_or(u32::MAX);
    Runtime::new().map_err(lost)?.block_on(async {
        let listener = TcpListener::bind(scheduler.bind).await.map_err(|e| lost(format!("{}: {e}", scheduler.bind)))?;
        let address = listener.local_addr().map_err(lost)?;
        let config = Arc::new(SchedulerConfig {
            external_host: scheduler.host.clone(),
            bind_host: address.ip().to_string(),
            bind_port: address.port(),
            executor_timeout_seconds: scheduler.patience,
            no_executors_grace_period_seconds: scheduler.patience,
            expire_dead_executor_interval_seconds: HEARTBEAT,
            grpc_server_max_decoding_message_size: message,
            grpc_server_max_encoding_message_size: message,
            grpc_client_max_message_size: message,
            override_logical_codec: Some(Arc::new(Logical::default())),
            override_physical_codec: Some(Arc::new(Physical::default())),
            override_config_producer: Some(Arc::new(remote_config)),
            override_session_builder: Some(Arc::new(|config| {
                Ok(SessionStateBuilder::new().with_config(config).with_default_features().build())
            })),
            ..SchedulerConfig::default()
        });
        config.validate().map_err(lost)?;
        let cluster = BallistaCluster::new_from_config(&config).await.map_err(lost)?;
        let server = create_scheduler::<LogicalPlanNode, PhysicalPlanNode>(cluster, config).await.map_err(lost)?;
        listening(address);
        start_grpc_service_with_listener(listener, server).await.map_err(lost)
    })
}

/// Runs an executor until the process is stopped.
///
/// # Errors
/// A scheduler that is not there, a place where nobody may listen.
pub fn executor(executor: &Executor) -> Result<(), Error> {
    let message = u32::try_from(MESSAGE).unwrap_or(u32::MAX);
    let config = ExecutorProcessConfig {
        bind_host: executor.bind.ip().to_string(),
        external_host: Some(executor.host.clone()),
        port: executor.bind.port(),
        grpc_port: executor.bind.port().saturating_add(1),
        scheduler_host: executor.scheduler.0.clone(),
        scheduler_port: executor.scheduler.1,
        scheduler_connect_timeout_seconds: 30,
        vcores: executor.cores,
        work_dir: Some(executor.work.to_string_lossy().into_owned()),
        executor_heartbeat_interval_seconds: HEARTBEAT,
        job_data_ttl_seconds: 3600,
        job_data_clean_up_interval_seconds: 600,
        grpc_max_decoding_message_size: message,
        grpc_max_encoding_message_size: message,
        override_logical_codec: Some(Arc::new(Logical::default())),
        override_physical_codec: Some(Arc::new(Physical::default())),
        override_config_producer: Some(Arc::new(remote_config)),
        ..ExecutorProcessConfig::default()
    };
    Runtime::new().map_err(lost)?.block_on(start_executor_process(Arc::new(config))).map_err(lost)
}
