//! The echo server of the echo page: a task a connection, on Tokio's scheduler for one thread.
use crate::refuse;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn echo(mut connection: TcpStream) -> io::Result<()> {
    let mut buffer = vec![0u8; 16 * 1024];
    connection.set_nodelay(true)?;
    loop {
        let count = connection.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        connection.write_all(&buffer[..count]).await?;
    }
}

async fn serve_all() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        if let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = echo(connection).await;
            });
        }
    }
}

/// Ends with the process.
pub fn serve() {
    let made = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap_or_else(|error| refuse(&error.to_string()));
    if let Err(error) = made.block_on(serve_all()) {
        refuse(&error.to_string());
    }
}
