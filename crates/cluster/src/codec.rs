//! How plans with our tables travel: the job as JSON after a mark of ours; everything else as Ballista has it.

use std::sync::Arc;

use ballista_core::serde::{BallistaLogicalExtensionCodec, BallistaPhysicalExtensionCodec};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::common::{DataFusionError, Result, TableReference};
use datafusion::datasource::file_format::FileFormatFactory;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::{Extension, LogicalPlan};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::logical_plan::LogicalExtensionCodec;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use serde::{Deserialize, Serialize};

use crate::job::Job;
use crate::table::{Scan, Table, Which};

/// Begins what is ours. The version stands in it: another version of the program refuses it.
const MARK: &[u8] = concat!("tollgate ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

#[derive(Serialize)]
struct Sent<'a> {
    which: Which,
    projection: Option<Vec<usize>>,
    job: &'a Job,
}

#[derive(Deserialize)]
struct Got {
    which: Which,
    projection: Option<Vec<usize>>,
    job: Job,
}

fn encode(sent: &Sent<'_>, to: &mut Vec<u8>) -> Result<()> {
    to.extend_from_slice(MARK);
    serde_json::to_writer(to, sent).map_err(|e| DataFusionError::External(Box::new(e)))
}

fn decode(bytes: &[u8]) -> Option<Result<Got>> {
    let own = bytes.strip_prefix(MARK)?;
    Some(serde_json::from_slice(own).map_err(|e| DataFusionError::External(Box::new(e))))
}

/// Codec of what is asked.
#[derive(Debug, Default)]
pub(crate) struct Logical(BallistaLogicalExtensionCodec);

impl LogicalExtensionCodec for Logical {
    fn try_decode(&self, buf: &[u8], inputs: &[LogicalPlan], ctx: &TaskContext) -> Result<Extension> {
        self.0.try_decode(buf, inputs, ctx)
    }

    fn try_encode(&self, node: &Extension, buf: &mut Vec<u8>) -> Result<()> {
        self.0.try_encode(node, buf)
    }

    fn try_decode_table_provider(
        &self,
        buf: &[u8],
        table_ref: &TableReference,
        schema: SchemaRef,
        ctx: &TaskContext,
    ) -> Result<Arc<dyn TableProvider>> {
        match decode(buf) {
            Some(got) => {
                let Got { which, job, .. } = got?;
                Ok(Arc::new(Table { job: Arc::new(job), which, schema }))
            }
            None => self.0.try_decode_table_provider(buf, table_ref, schema, ctx),
        }
    }

    fn try_encode_table_provider(
        &self,
        table_ref: &TableReference,
        node: Arc<dyn TableProvider>,
        buf: &mut Vec<u8>,
    ) -> Result<()> {
        match node.downcast_ref::<Table>() {
            Some(table) => encode(&Sent { which: table.which, projection: None, job: &table.job }, buf),
            None => self.0.try_encode_table_provider(table_ref, node, buf),
        }
    }

    fn try_decode_file_format(&self, buf: &[u8], ctx: &TaskContext) -> Result<Arc<dyn FileFormatFactory>> {
        self.0.try_decode_file_format(buf, ctx)
    }

    fn try_encode_file_format(&self, buf: &mut Vec<u8>, node: Arc<dyn FileFormatFactory>) -> Result<()> {
        self.0.try_encode_file_format(buf, node)
    }
}

/// Codec of how it is carried out.
#[derive(Debug, Default)]
pub(crate) struct Physical(BallistaPhysicalExtensionCodec);

impl PhysicalExtensionCodec for Physical {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        ctx: &TaskContext,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match decode(buf) {
            Some(got) => {
                let Got { which, projection, job } = got?;
                let input = inputs.first().ok_or_else(|| DataFusionError::Internal("a scan of nothing".to_owned()))?;
                Ok(Arc::new(Scan::new(Arc::new(job), which, projection, Arc::clone(input))?))
            }
            None => self.0.try_decode(buf, inputs, ctx, converter),
        }
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        match node.downcast_ref::<Scan>() {
            Some(scan) => encode(&Sent { which: scan.which, projection: scan.projection.clone(), job: &scan.job }, buf),
            None => self.0.try_encode(node, buf, converter),
        }
    }
}
